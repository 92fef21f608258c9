"""Paths where frameworks and products put a thing by default, for checks that ask for the same."""

from __future__ import annotations

# Pages that show an API description (connexion, FastAPI, springdoc, flasgger, drf-spectacular,
# swagger-ui-express).
DESCRIPTION_PAGES = (
    "/ui/",
    "/docs",
    "/swagger-ui/",
    "/swagger",
    "/redoc",
    "/apidocs/",
    "/api-docs/",
    "/api/docs",
    "/api/ui/",
    "/graphiql",
)
# What a model is asked through, and what tells of it (OpenAI, Ollama, TGI, llama.cpp).
INFERENCE = ("/v1/models", "/api/tags", "/info", "/props")
# Qdrant, Weaviate, Chroma, Gradio, Flowise, Ray.
STORES = (
    "/collections",
    "/v1/schema",
    "/api/v2/heartbeat",
    "/config",
    "/api/v1/chatflows",
    "/api/version",
)
MANIFESTS = ("/.well-known/ai-plugin.json", "/.well-known/agent-card.json", "/llms.txt")
# What developers leave beside an API.
FORGOTTEN = (
    "/admin",
    "/api/admin",
    "/internal",
    "/debug",
    "/test",
    "/users",
    "/api/users",
    "/config",
)
