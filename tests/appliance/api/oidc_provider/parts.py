"""What Django loads once it is set up: its addresses, who logs in, and what is told of them."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.urls import include, path
from oauth2_provider.oauth2_validators import OAuth2Validator

GROUPS = {"erika": ["plant-engineers"], "chief": ["plant-it"], "victor": ["visitors"]}

urlpatterns = [path("o/", include("oauth2_provider.urls", namespace="oauth2_provider"))]


class Validator(OAuth2Validator):
    """Tells a user's name and groups in the ID token."""

    oidc_claim_scope = None

    def get_additional_claims(self, request):
        name = request.user.username
        return {"preferred_username": name, "realm": {"groups": GROUPS.get(name, [])}}

    def get_userinfo_claims(self, request):
        return super().get_userinfo_claims(request) | {"teams": ["night shift"]}


def login_by_hint(get_response):
    """Log in whoever the request names, as a form with a password would."""

    def middleware(request):
        name = request.GET.get("login_hint")
        if name:
            request.user, _ = get_user_model().objects.get_or_create(username=name)
        return get_response(request)

    return middleware
