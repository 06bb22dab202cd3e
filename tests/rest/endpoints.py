"""All endpoints of the REST API: method, path, body, permissions and status."""

from tests.rest.conftest import NUMBER

MESSAGE = {"to": NUMBER, "text": "Hei"}
# Method, address, body, required permissions, status of success.
ENDPOINTS = [
    ("GET", "messages/", None, ["view_outboundmessage"], 200),
    ("POST", "messages/", MESSAGE, ["add_outboundmessage"], 201),
    ("POST", "messages/many/", {"messages": [MESSAGE]}, ["add_outboundmessage"], 201),
    ("GET", "messages/{message}/", None, ["view_outboundmessage"], 200),
    ("GET", "messages/{message}/timeline/", None, ["view_outboundmessage"], 200),
    ("GET", "messages/{message}/conversation/", None, ["view_outboundmessage", "view_inboundmessage"], 200),
    ("POST", "messages/{message}/cancel/", None, ["view_outboundmessage", "cancel_outboundmessage"], 200),
    ("POST", "messages/{ended}/resend/", None, ["view_outboundmessage", "resend_outboundmessage"], 201),
    ("GET", "bulk/", None, ["view_bulksend"], 200),
    ("POST", "bulk/", {"to": [NUMBER], "text": "Hei"}, ["add_bulksend"], 201),
    ("GET", "bulk/{bulk}/", None, ["view_bulksend"], 200),
    ("GET", "inbound/", None, ["view_inboundmessage"], 200),
    ("GET", "inbound/{inbound}/", None, ["view_inboundmessage"], 200),
    ("GET", "inbound/{inbound}/timeline/", None, ["view_inboundmessage"], 200),
    ("GET", "inbound/{inbound}/conversation/", None, ["view_outboundmessage", "view_inboundmessage"], 200),
    ("GET", "inbound/{inbound}/files/{file}/", None, ["view_inboundmessage", "view_mmsfile"], 200),
    ("POST", "inbound/{inbound}/reply/", {"text": "Hei"}, ["view_inboundmessage", "add_outboundmessage"], 201),
    ("POST", "inbound/{inbound}/handled/", None, ["view_inboundmessage", "add_outboundmessage"], 200),
    ("DELETE", "inbound/{inbound}/handled/", None, ["view_inboundmessage", "add_outboundmessage"], 204),
    ("GET", "conversations/", None, ["view_outboundmessage", "view_inboundmessage"], 200),
    ("GET", "opt-outs/", None, ["view_optout"], 200),
    ("POST", "opt-outs/", {"number": NUMBER}, ["add_optout"], 201),
    ("GET", "opt-outs/{opt_out}/", None, ["view_optout"], 200),
    ("DELETE", "opt-outs/{opt_out}/", None, ["delete_optout"], 204),
    ("GET", "saved-texts/", None, ["view_savedtext"], 200),
    ("GET", "saved-texts/{saved_text}/", None, ["view_savedtext"], 200),
    ("POST", "preview/", {"text": "Hei"}, ["add_outboundmessage"], 200),
]
