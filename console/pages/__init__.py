"""The console's pages: server-rendered, one module each. They load by operations and hold no rule."""
