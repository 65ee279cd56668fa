create table t (id int primary key);
alter table t add column a int default random();
do $$ begin execute 'create table made_out_of_sight (id int)'; end $$;
insert into made_out_of_sight values (1);
alter table made_out_of_sight drop column b;
drop table gone;
