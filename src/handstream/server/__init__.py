"""The server: FastAPI over the rooms below. `app.create_app` makes it, `run.run` serves it; no pixel is touched on its event loop."""
