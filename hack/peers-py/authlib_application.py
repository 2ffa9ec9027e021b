# SPDX-License-Identifier: Apache-2.0

"""An application made with Authlib for Flask."""

import os
import secrets
from urllib.parse import urlencode, urlsplit

from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, session

ISSUER, ORIGIN = os.environ["ISSUER"], os.environ["ORIGIN"]

app = Flask(__name__)
app.secret_key = secrets.token_bytes(32)
realm = OAuth(app).register(
    "realm",
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    server_metadata_url=ISSUER + "/.well-known/openid-configuration",
    client_kwargs={"scope": "openid profile email groups", "code_challenge_method": "S256"},
)
signed_in = {}  # what visitors were given


@app.get("/signin")
def sign_in():
    return realm.authorize_redirect(ORIGIN + "/callback")


@app.get("/callback")
def callback():
    session["visitor"] = secrets.token_urlsafe()
    signed_in[session["visitor"]] = realm.authorize_access_token()
    return redirect("/")


@app.get("/")
def who():
    tokens = signed_in.get(session.get("visitor"))
    if not tokens:
        return "nobody", 401
    return {**tokens["userinfo"], "userinfo": realm.userinfo(token=tokens)}


@app.get("/refresh")
def refresh():
    before = signed_in[session["visitor"]]
    tokens = realm.fetch_access_token(grant_type="refresh_token", refresh_token=before["refresh_token"])
    # Verifies the new ID token, which has the nonce of the first.
    tokens["userinfo"] = realm.parse_id_token(tokens, nonce=before["userinfo"]["nonce"])
    signed_in[session["visitor"]] = tokens
    return redirect("/")


@app.get("/signout")
def sign_out():
    tokens = signed_in.pop(session.pop("visitor"))
    return redirect(realm.load_server_metadata()["end_session_endpoint"] + "?" + urlencode(
        {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": ORIGIN + "/"}))


app.run("127.0.0.1", urlsplit(ORIGIN).port)
