"""Front's SMS gateway manual (v2.25) as code: pure functions and values, no Django.

- ``codes``: what the gateway answers, and whom each code blames (§2.2, §2.3)
- ``gsm``: what a text costs and what arrives of it (§2.1)
- ``numbers``: phone numbers, short codes, PSK numbers and text senders
- ``submit``: our requests and the gateway's answers (§2.1, §2.4)
- ``push``: the gateway's pushes to us (§2.3, §2.5)
- ``query``, ``reading``: query strings, and values that nobody vouches for, which both directions use
- ``client``: one exchange over HTTP; ``deadline`` and ``outcome`` are its sockets and what is certain afterwards
- ``mime``, ``base64_in_json``, ``smil``, ``pictures``: the files of an MMS (§2.5.1)
- ``typography``, ``words``: what else a text can be made of, and what it says
"""
