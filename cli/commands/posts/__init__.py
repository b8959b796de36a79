"""`pressrun post`, `media` and `slot`: what is to be published, and when."""
