"""Consent, codes, tokens and their death; the Pages and businesses of Facebook Login."""
