"""The library: media kept under a name, for posts to refer to as `lib:NAME`."""
