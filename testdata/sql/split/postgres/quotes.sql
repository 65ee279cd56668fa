-- the apostrophe in this comment's text opens nothing; nor does this;
SELECT 'a;b', 'it''s; fine', "semi;colon", "doubled "" quote;" FROM t;
SELECT E'escaped \'; still inside', e'\\'; SELECT 'C:\'; SELECT 2;
SELECT U&'d\0061t;', U&"n;ame", B'10', X'1F', N'n;';
SELECT 'one'
	'two;'
	, 3;
/* block ; /* nested ; */ still ; */ SELECT /* inside ; */ 4 /* before the end ; */;
SELECT 5 -- behind;
; SELECT 6; -- of six
/* of seven */ SELECT 7;;;
SELECT $1, a$b$c, $$;$$, $tag$ ; $$ ; $tag$, $été$;$été$;
SELECT 1 <@ 2, 3 @-- comment ;
 4, 5 #- 6, '{}'::jsonb -> 'a;';
SELECT a[1], b[2:3], :x FROM t; SELECT 8 /* two ; */ ; /* of nine */ SELECT 9
