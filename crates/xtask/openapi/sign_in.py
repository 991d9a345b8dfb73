"""Signs schemathesis in as the sample administrator of a development server at DENIZEN_URL."""

import os

import requests
import schemathesis


@schemathesis.auth(refresh_interval=None)
class Session:
    def get(self, case, context):
        credentials = {"login": "diana_admin", "password": "tutorial-password"}
        answer = requests.post(os.environ["DENIZEN_URL"] + "/api/auth/login", json=credentials, timeout=10)
        answer.raise_for_status()
        return answer.json()["data"]["token"]

    def set(self, case, data, context):
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}
