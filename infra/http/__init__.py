"""The one way out: every request to another machine goes through `HttpClient`."""

from infra.http.client import HttpClient, shared_client

__all__ = ["HttpClient", "shared_client"]
