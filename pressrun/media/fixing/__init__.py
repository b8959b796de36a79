"""Making files into what Instagram takes (graph-api.md §2.2): pictures by Pillow, videos by PyAV, each in a process of
its own that is bounded in memory, time and size. It knows files and recipes, and nothing of posts."""
