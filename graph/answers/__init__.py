"""Answers as typed values: fields, pages, what is set aside, and what each refusal means."""
