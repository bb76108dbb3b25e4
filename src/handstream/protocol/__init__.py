"""The protocol without a socket, a thread or a clock: bytes and times go in, values and decisions come out.

`docs/protocol.md` is the authority on the wire. `wire` and `control` turn messages into values and back; `settings` says what a session may
ask for; `session` decides what each message leads to, in either way of talking; `flow` accounts for every frame and `trace` for its time.
On the server `delivery`, `resumption`, `budget`, `capacity` and `advice` decide what goes out, comes back and is let in; on a client
`window`, `rate`, `clock` and `backoff` decide what is sent, and when.
"""
