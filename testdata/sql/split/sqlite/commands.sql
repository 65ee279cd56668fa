.mode csv
SELECT 1;
.read other.sql
SELECT .5
