"""The plain way in Python: sends pictures and prints where the tips of the index fingers are.

python plain_client.py [SERVER] PICTURE...
"""

import json
import sys
from pathlib import Path

from websockets.sync.client import connect

SERVER = "ws://127.0.0.1:8000/ws/video?output=landmarks"
server, pictures = (sys.argv[1], sys.argv[2:]) if sys.argv[1].startswith("ws") else (SERVER, sys.argv[1:])
with connect(server, compression=None) as websocket:
    for picture in pictures:
        websocket.send(Path(picture).read_bytes())
        answer = json.loads(websocket.recv())
        print(picture, answer.get("error") or [(hand["handedness"], hand["landmarks"][8]) for hand in answer["hands"]])
