"""Examples of manual v2.25, byte for byte: §2.1.1, §2.1.2, §2.4, §2.3, §2.5.1 and §2.5.2."""

import json

POST = """\
{
  "serviceid": 3,
  "fromid": "26114123450000",
  "phoneno": "0047999999999",
  "txt": "Test æøå ÆØÅ",
  "unicode": false
}
""".encode()

POST_EMOJI = """\
{
  "serviceid": 3,
  "fromid": "26114123450000",
  "phoneno": "0047999999999",
  "txt": "Test 😊",
  "unicode": true
}
""".encode()

BULK = """\
{
  "serviceid": 1234,
  "phoneno": ["004799999999", "004799999998"],
  "txt": "Test æøå ÆØÅ",
  "fromid": "Mitt Firma"
}
""".encode()

BULK_EMOJI = """\
{
  "serviceid": 1234,
  "phoneno": ["004799999999", "004799999998"],
  "txt": "Test 😊",
  "unicode": true,
  "fromid": "Mitt Firma"
}
""".encode()

GETS = {
    "latin": "serviceid=1234&phoneno=004799999999&fromid=26114123450000&txt=Test%20%E6%F8%E5%20%C6%D8%C5",
    "utf8": "serviceid=1234&encoding=utf8&phoneno=00479999999999&fromid=26114123450000"
    "&txt=Test%20%C3%A6%C3%B8%C3%A5%20%C3%86%C3%98%C3%85",
    "emoji": "serviceid=1234&encoding=utf8&unicode=true&phoneno=00479999999999&fromid=26114123450000"
    "&txt=Test%20%F0%9F%A4%A3",
}

STATUS = "status=4&origid=145099"

SMS = b"""\
{
  "id": 999999,
  "to": "26114",
  "from": "+4799999999",
  "text": "Test 123",
  "sent": "2019-12-31T23:59:59Z",
  "counter": 7166,
  "keyword": "TEST",
  "files": []
}"""

# The Base64 of the first file and of the last is cut short in the manual.
MMS = b"""\
{
  "id": 999999,
  "to": "+4759440000",
  "from": "+4799999999",
  "text": "Test 123",
  "sent": "2019-12-31T23:59:59Z",
  "counter": 7166,
  "keyword": "TEST",
  "files": [
    {
      "id": 4747,
      "contentType": "text/xml;Name=smil.xml;Charset=UTF-8",
      "fileName": "smil.xml",
      "fileData": "PD94bWwgdmVyc2lvcj0iMS4wIj48c21pbD48L3Nta..."
    },
    {
      "id": 4748,
      "contentType": "text/plain;Name=text_75329.txt;Charset=UTF-8",
      "fileName": "text_175329.txt",
      "fileData": "VGVzdCAxMjM="
    },
    {
      "id": 4749,
      "contentType": "image/jpeg;Name=image01.jpg",
      "fileName": "image01.jpg",
      "fileData": "w4PCv8ODwpjDg8K/w4PCoAAQSkZJRgABAQEASABIA..."
    }
  ]
}"""

GET = "fromid=123450000&phonenr=004799999999&txt=Test%20%E6%F8%E5%20%C6%D8%C5&time=1077181484&countnr=157&code=TEST"

DOCUMENT = json.loads(SMS)


def changed(**changes: object) -> bytes:
    """The body of the example SMS, some of its fields another."""
    return json.dumps({**DOCUMENT, **changes}).encode()
