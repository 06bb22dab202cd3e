"""The page with the phones."""

from __future__ import annotations

import json
import re

from django_front_sms.simulator import Network, Submission

from .conftest import Exchange, Site

PNG = b"\x89PNG\r\n\x1a\n\r\n\x00--x\r\n"


def send(network: Network, text: str, to: str = "004799999999", fromid: str = "Mitt Firma") -> None:
    parameters = {"serviceid": 1234, "fromid": fromid, "phoneno": to, "txt": text, "unicode": True}
    assert network.submit(Submission(parameters)).code == 0


def multipart(*parts: tuple[str, bytes]) -> bytes:
    sections = [f"--xyz\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + data for head, data in parts]
    return b"\r\n".join([*sections, b"--xyz--\r\n"])


def test_the_page_shows_sender_text_segments_and_state(get: Exchange, network: Network) -> None:
    send(network, "a" * 161)
    send(network, "Ω 😊")
    network.advance(0.5)
    network.deliver_due()
    page = get("/").body.decode()
    assert page.count("<b>Mitt Firma</b>") == 2
    assert "2 SMS" in page and "1 SMS · Unicode" in page
    assert page.count('<i class="at-operator">at the operator</i>') == 2


def test_sent_texts_are_escaped_in_html(get: Exchange, network: Network) -> None:
    evil = "<script>alert('\"&')</script>$service_id"
    network.accounts[1234].senders = ["<b>x\"'"]
    send(network, evil, fromid="<b>x\"'")
    network.receive('"><img src=x>', "'\"><i>", evil)
    for body in (get("/").body.decode(), "".join(json.loads(get("/phones").body)["phones"].values())):
        assert (
            evil not in body
            and "<script>alert" not in body
            and "<b>x" not in body
            and "<img src=x" not in body
            and "<i>" not in body
        )
        assert "&lt;script&gt;alert(&#x27;&quot;&amp;&#x27;)&lt;/script&gt;$service_id" in body


def test_lone_surrogates_do_not_break_the_page(get: Exchange, network: Network) -> None:
    network.receive("+4799999999", "26114", "\ud800")
    assert get("/").status == 200
    assert get("/phones").status == 200


def test_a_reply_can_be_sent_from_a_phone(post: Exchange, network: Network, site: Site) -> None:
    form = "from=%2B4799999999&to=26114123450000&text=Ja+takk+%C3%A6"
    assert post("/text", form, "application/x-www-form-urlencoded").status == 303
    network.deliver_due()
    document = json.loads(site.received[0].body)
    assert (document["from"], document["to"], document["text"], document["files"]) == (
        "+4799999999", "26114123450000", "Ja takk æ", [],
    )  # fmt: skip


def test_a_reply_with_a_picture_is_an_mms_with_the_same_bytes(post: Exchange, get: Exchange, network: Network) -> None:
    body = multipart(
        ('name="from"', b"+4799999999"),
        ('name="to"', b"26114"),
        ('name="text"', "Se på\r\ndette".encode()),
        ('name="picture"; filename="bilde ø.png"\r\nContent-Type: image/png', PNG),
    )
    assert post("/text", body, "multipart/form-data; boundary=xyz").status == 303
    (incoming,) = network.incoming.values()
    assert incoming.text == "Se på\ndette"
    assert [part.name for part in incoming.files] == ["smil.xml", "text_1.txt", "bilde ø.png"]
    picture = get(f"/files/{incoming.files[2].id}")
    assert (picture.status, picture.content_type, picture.body) == (200, "image/png", PNG)
    assert f'<img src="/files/{incoming.files[2].id}"' in get("/").body.decode()
    assert get(f"/files/{incoming.files[0].id}").status == 404


def test_a_form_without_a_picture_is_an_sms(post: Exchange, network: Network) -> None:
    body = multipart(
        ('name="from"', b"+4799999999"),
        ('name="to"', b"26114"),
        ('name="text"', b"Hei"),
        ('name="picture"; filename=""\r\nContent-Type: application/octet-stream', b""),
    )
    post("/text", body, "multipart/form-data; boundary=xyz")
    (incoming,) = network.incoming.values()
    assert (incoming.text, incoming.files) == ("Hei", ())


def test_a_text_needs_both_numbers(post: Exchange, network: Network) -> None:
    assert post("/text", "from=&to=26114&text=x", "application/x-www-form-urlencoded").status == 400
    assert not network.incoming


def test_a_text_sender_cannot_be_replied_to(get: Exchange, network: Network) -> None:
    send(network, "one", fromid="26114123450000")
    send(network, "two", fromid="Mitt Firma")
    send(network, "three", to="004711111111", fromid="Mitt Firma")
    replies = re.findall(r'name="to" value="([^"]*)"', get("/").body.decode())
    assert replies == ["26114", "26114123450000", "26114"]


def test_only_what_changed_is_fetched(get: Exchange, network: Network) -> None:
    version = json.loads(get("/phones").body)["version"]
    assert get(f"/phones?version={version}").status == 204
    send(network, "Hei")
    fresh = json.loads(get(f"/phones?version={version}").body)
    assert fresh["order"] == ["+4799999999"]
    assert "Hei" in fresh["threads"]["+4799999999"]


def test_another_sites_form_is_refused(exchange: Exchange, network: Network) -> None:
    body = b"from=%2B4799999999&to=26114&text=x"
    for origin, status in ((b"http://evil.example", 403), (b"http://localhost:9900", 303), (b"null", 403)):
        head = b"POST /text HTTP/1.1\r\nHost: localhost:9900\r\nOrigin: " + origin
        assert exchange(head + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body).status == status
    assert len(network.incoming) == 1


def test_a_parked_queue_is_shown_with_its_restart_link(get: Exchange, network: Network, site: Site) -> None:
    network.inbound_url = "http://127.0.0.1:1/"
    network.receive("+4799999999", "26114", "Hei")
    for _ in range(3):
        network.deliver_due()
        network.advance(5)
    assert f'href="{network.restart_links()[0]}"' in get("/").body.decode()


def test_the_pages_files_are_part_of_the_package(get: Exchange) -> None:
    assert get("/style.css").content_type == "text/css; charset=utf-8"
    assert get("/phones.js").content_type == "text/javascript; charset=utf-8"
    assert get("/page.html").status == 404
