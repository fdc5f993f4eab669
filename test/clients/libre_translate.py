"""libretranslatepy against /detect and /languages."""

import json
import sys
from urllib.error import HTTPError

from libretranslatepy import LibreTranslateAPI

url, key = sys.argv[1:]

client = LibreTranslateAPI(url, api_key=key)
likeliest, *others = client.detect("¿Dónde está la estación de tren más cercana?")
assert likeliest["language"] == "es" and 50 < likeliest["confidence"] <= 100
assert all(other["confidence"] <= likeliest["confidence"] for other in others)
assert {"code": "es", "name": "Spanish", "targets": []} in client.languages()


def refusal(stranger, text):
    try:
        stranger.detect(text)
    except HTTPError as error:
        return error.code, json.loads(error.read())["error"]
    raise AssertionError("it was not refused")


status, message = refusal(client, "")
assert status == 400 and "missing q parameter" in message
status, message = refusal(LibreTranslateAPI(url, api_key="wrong"), "hello")
assert status == 403, status
