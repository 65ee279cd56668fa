SELECT 1;
SELECT $body$
 never ends; 
 SELECT 2;