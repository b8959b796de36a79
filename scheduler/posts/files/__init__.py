"""Campaign files: CSV as spreadsheets and people write it, XLSX, JSON, read into rows of text fields."""
