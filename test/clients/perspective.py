"""google-api-python-client against comments:analyze; nothing but the address of the discovery document is changed."""

import json
import sys

from googleapiclient import discovery
from googleapiclient.errors import HttpError

url, key = sys.argv[1:]


def connect(developer_key):
    return discovery.build(
        "commentanalyzer",
        "v1alpha1",
        developerKey=developer_key,
        discoveryServiceUrl=f"{url}/$discovery/rest?version=v1alpha1",
        static_discovery=False,
    ).comments()


def refusal(call):
    try:
        call.execute()
    except HttpError as error:
        return error.resp.status, json.loads(error.content)["error"]
    raise AssertionError("it was not refused")


comments = connect(key)
text = "Thank you so much. You are a stupid idiot, shut up!"
body = {
    "comment": {"text": text},
    "requestedAttributes": {"TOXICITY": {}},
    "spanAnnotations": True,
    "clientToken": "t",
}
reply = comments.analyze(body=body).execute()
toxicity = reply["attributeScores"]["TOXICITY"]
kind, rude = toxicity["spanScores"]
assert toxicity["summaryScore"]["type"] == "PROBABILITY"
assert [text[span["begin"] : span["end"]] for span in (kind, rude)] == ["Thank you so much.", "You are a stupid idiot, shut up!"]
assert kind["score"]["value"] < rude["score"]["value"]
assert reply["clientToken"] == "t" and reply["languages"] == reply["detectedLanguages"] == ["en"]

status, error = refusal(comments.analyze(body={**body, "requestedAttributes": {"FLIRTATION": {}}}))
assert status == 400 and error["message"].startswith("Unknown requested attribute: FLIRTATION")
others = comments.analyze(body={**body, "requestedAttributes": {"INSULT": {}, "THREAT": {}}}).execute()["attributeScores"]
assert others["INSULT"]["summaryScore"]["value"] > others["THREAT"]["summaryScore"]["value"]
status, error = refusal(comments.analyze(body={**body, "languages": ["yo"]}))
assert error["details"][0]["errorType"] == "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE"
status, error = refusal(comments.suggestscore(body={"comment": {"text": text}, "attributeScores": {"TOXICITY": {}}}))
assert status in (403, 501), status
status, error = refusal(connect("wrong").analyze(body=body))
assert status == 401 and error["status"] == "UNAUTHENTICATED"
