"""Characters, and files that carry them."""
import base64
import json
import struct
import zlib

from support.sessions import BROWSER, sign_in
from support.site import add_person

JSON = {"Accept": "application/json"}
SAMPLE = {"name": "Ada", "category": "Work", "backstory": "You count things.\nCarefully.", "greeting": "Hello {{user}}.",
          "traits": ["Analytical", "Witty"], "directness": 9, "warmth": 2, "formality": 5, "empathy": 7, "humour": 0,
          "system_prompt": "", "model": "knowledge", "temperature": 0.7, "tags": ["numbers", "café"]}


def send(visitor, method, path, data):
    return visitor.request(method, path, data if isinstance(data, (str, bytes)) else json.dumps(data),
                           {**JSON, "X-CSRFToken": visitor.cookies["csrftoken"]}, "application/json")


def create(visitor, **fields):
    reply = send(visitor, "POST", "/api/characters", {**SAMPLE, **fields})
    assert reply.status == 201, reply.text
    return reply.json


def administrator(site, mysql, stack):
    person = add_person(mysql)
    assert stack.command("group", "add", "administrators", person.username).returncode == 0
    return sign_in(site, person, browser=BROWSER)


def multipart(fields, files, boundary="----a-boundary"):
    """The body of a form with files, as a browser sends it, and its type."""
    body = b""
    for name, text in fields.items():
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()
    for name, (filename, data) in files.items():
        body += (f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
                 "Content-Type: application/octet-stream\r\n\r\n").encode() + data + b"\r\n"
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(*chunks):
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)) + b"".join(chunks)
            + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b""))


def chunks_of(picture):
    """(kind, data) of every chunk, each with the CRC it should have."""
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    at, found = 8, []
    while at < len(picture):
        length, kind = struct.unpack(">I4s", picture[at:at + 8])
        data, (crc,) = picture[at + 8:at + 8 + length], struct.unpack(">I", picture[at + 8 + length:at + 12 + length])
        assert crc == zlib.crc32(kind + data), kind
        found.append((kind, data))
        at += length + 12
    return found


def card_png(card):
    text = card if isinstance(card, bytes) else base64.b64encode(json.dumps(card).encode())
    return png(chunk(b"tEXt", b"chara\0" + text))


CARD = {"spec": "chara_card_v2", "spec_version": "2.0", "data": {
    "name": "Rook", "description": "A raven.", "personality": "Curious.", "scenario": "A roof.", "first_mes": "Kraa, {{user}}!",
    "mes_example": "<START>\n{{char}}: Kraa.", "creator_notes": "n", "system_prompt": "", "post_history_instructions": "",
    "alternate_greetings": ["Hm."], "tags": ["bird"] + [f"tag {i}" for i in range(20)] + ["x" * 60, "BIRD"], "creator": "c",
    "character_version": "1", "extensions": {"other": {"depth": 4}}}}
