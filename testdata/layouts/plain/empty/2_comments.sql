-- only
/* comments
 */
;
