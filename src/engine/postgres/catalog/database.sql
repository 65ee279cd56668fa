SELECT 'encoding', pg_encoding_to_char(encoding) FROM pg_database 
WHERE datname = current_database() AND encoding <> pg_char_to_encoding('UTF8')
