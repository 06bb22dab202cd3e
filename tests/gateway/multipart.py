"""A status push as `multipart/form-data`, with the boundary `x42`."""

MULTIPART = (
    b'--x42\r\nContent-Disposition: form-data; name="status"\r\n\r\n5\r\n'
    b'--x42\r\nContent-Disposition: form-data; filename="name"; name=origid\r\nX-Other: a\r\n\r\n145099\r\n'
    b"--x42--\r\n"
)
