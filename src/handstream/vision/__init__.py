"""Pictures to hands and back: codecs, the hand graph, its engines, and drawing. Synchronous; it knows no session and no socket."""
