"""Front's SMS gateway manual (v2.25) as code: pure functions and values, no Django.

- `codes`: error codes, who must act on each, and delivery statuses (§2.2, §2.3)
- `gsm`: encoding, segments, and replaced characters (§2.1)
- `numbers`: phone numbers, short codes, PSK numbers and text senders
- `submit`: requests and answers (§2.1, §2.4)
- `push`: the gateway's pushes (§2.3, §2.5)
- `query`, `lenient`: query strings, and untrusted values, in both directions
- `client`: one exchange over HTTP; `deadline` and `outcome` are its sockets and results
- `mime`, `mms_json`, `smil`, `pictures`: the files of an MMS (§2.5.1)
- `typography`, `keywords`, `placeholders`: simpler characters, the words of a text, and its placeholders
"""
