from common import described, sound
from flask import Flask

FIELDS = {"prompt": {"type": "string"}, "max_tokens": {"type": "integer", "maximum": 500}}
BODY = {"content": {"application/json": {"schema": {"properties": FIELDS}}}}
PATHS = {path: {"get": {}} for path in ("/recipes", "/v1/models", "/collections", "/config")}
PATHS["/v1/completions"] = {"post": {"requestBody": BODY}}
app = described(sound(Flask(__name__)), PATHS)


@app.get("/recipes")
def recipes():
    steps = "Mix flour and water, then knead the dough for ten minutes and let it rest."
    return [{"name": "bread", "instructions": steps, "system_prompt_id": "p-17", "model": "T"}]


@app.get("/v1/models")
def models():
    # Cars.
    return {"object": "list", "data": [{"id": "t", "object": "car", "name": "Model T"}]}


@app.get("/collections")
def collections():
    return {"result": [{"name": "Spring"}], "status": "ok"}


@app.get("/config")
def config():
    return {"version": "1.2", "components": 7}


@app.post("/mcp")
def mcp():
    return {"error": "a token is needed"}, 401, {"WWW-Authenticate": "Bearer"}


@app.get("/")
def index():
    return {"docs": "export OPENAI_API_KEY=sk-your-key-here", "package": "sk-learn-pipeline"}
