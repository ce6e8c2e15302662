"""A small OpenID Connect provider: whoever is clicked is signed in, and Nobody refuses."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from urllib.parse import parse_qs, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

PEOPLE = {"Ada": ["gardeners", "keepers"], "Bob": ["visitors"]}
CLIENT = "manuspect"
SECRET = "the client's secret"


def provider(issuer: str) -> Starlette:
    key = RSAKey.generate_key(2048, parameters={"kid": "test", "use": "sig", "alg": "RS256"})

    async def configuration(_: Request) -> Response:
        return JSONResponse({
            "issuer": issuer, "authorization_endpoint": f"{issuer}/authorize", "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/jwks", "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"], "code_challenge_methods_supported": ["S256"],
        })  # fmt: skip

    async def authorize(request: Request) -> Response:
        asked = request.query_params
        assert asked["client_id"] == CLIENT
        answers = {name: {"code": f"{name}|{asked['nonce']}"} for name in PEOPLE} | {
            "Nobody": {"error": "access_denied"}
        }
        links = {
            name: f"{asked['redirect_uri']}?{urlencode({**answer, 'state': asked['state']})}"
            for name, answer in answers.items()
        }
        return HTMLResponse("".join(f'<p><a href="{escape(link)}">{name}</a></p>' for name, link in links.items()))

    async def token(request: Request) -> Response:
        form = parse_qs((await request.body()).decode())
        name, nonce = form["code"][0].split("|")
        now = int(time.time())
        claims = {
            "iss": issuer, "sub": name.lower(), "aud": CLIENT, "iat": now, "exp": now + 600, "nonce": nonce,
            "name": name, "groups": PEOPLE[name],
        }  # fmt: skip
        signed = jwt.encode({"alg": "RS256", "kid": "test"}, claims, key)
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "expires_in": 600, "id_token": signed})

    async def keys(_: Request) -> Response:
        return JSONResponse({"keys": [key.as_dict(private=False)]})

    return Starlette(routes=[
        Route("/.well-known/openid-configuration", configuration), Route("/authorize", authorize),
        Route("/token", token, methods=["POST"]), Route("/jwks", keys),
    ])  # fmt: skip


@contextmanager
def providing(port: int) -> Iterator[str]:
    """The provider in a thread; gives its issuer."""
    issuer = f"http://localhost:{port}"
    server = uvicorn.Server(uvicorn.Config(provider(issuer), host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.02)
    try:
        yield issuer
    finally:
        server.should_exit = True
        thread.join(10)
