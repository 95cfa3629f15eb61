"""A provider of identities by others (django-oauth-toolkit), as a process of its own.

``python serve.py PORT SECRET BACK…``.  What it demands of its clients is its own: PKCE, a
secret, and a way back that it knows to the letter.
"""

from __future__ import annotations

import os
import sys
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

CLIENT = "kizashi"


def new_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def set_up(port: int) -> None:
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # it is reached on this machine alone
    settings.configure(
        SECRET_KEY="of this test alone",
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF="parts",
        USE_TZ=True,
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],  # takes no time
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "oauth2_provider",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "parts.login_by_hint",
        ],
        OAUTH2_PROVIDER={
            "OIDC_ENABLED": True,
            "OIDC_ISS_ENDPOINT": f"http://127.0.0.1:{port}/o",
            "OIDC_RSA_PRIVATE_KEY": new_key(),
            "PKCE_REQUIRED": True,
            "OAUTH2_VALIDATOR_CLASS": "parts.Validator",
            "SCOPES": {"openid": "who", "profile": "name", "email": "mail"},
        },
    )
    django.setup()


def register(secret: str, backs: list[str]) -> None:
    from oauth2_provider.models import Application

    Application.objects.create(
        name=CLIENT,
        client_id=CLIENT,
        client_secret=secret,
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        redirect_uris=" ".join(backs),
        algorithm=Application.RS256_ALGORITHM,
        skip_authorization=True,
    )


class Quiet(WSGIRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


if __name__ == "__main__":
    port, secret, backs = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    set_up(port)
    call_command("migrate", verbosity=0)
    register(secret, backs)
    server = make_server("127.0.0.1", port, get_wsgi_application(), handler_class=Quiet)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    server.serve_forever()
