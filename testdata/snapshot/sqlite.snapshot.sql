-- Sluice snapshot of a sqlite schema, sha256 a3e40dc532fad61ec0414b211a8487b534131435d8fa4427a0dc55aff51fc4c0
-- application_id: 7
-- user_version: 42
create table child (
    id integer,
    plain_id integer,
    note text,
    later integer not null default 0,
    primary key (id),
    constraint to_plain foreign key (plain_id) references plain (id) on update set null on delete cascade deferrable initially deferred
);
create virtual table places using rtree(id, x0, x1);
create table plain (
    id integer primary key autoincrement,
    name varchar(20) not null default 'it''s',
    at default current_timestamp
);
create table strict_one (
    k text not null,
    v any,
    primary key (k)
) without rowid, strict;
create table "two words" (
    a text collate NOCASE,
    b int,
    "c d" real generated always as (b * 1.5) stored,
    unique (a, b),
    check (b > 0)
);
create virtual table words using fts5(title, body, prefix = '2 3');
create table words_of_mine (
    word text
);
create view seen (number, called) as select id, name from plain where id > 1;
create unique index child_expression on child ((lower(note)), plain_id);
create index plain_name on plain (name collate NOCASE desc) where name <> '';
create trigger on_plain after update of name on plain for each row when new.name <> old.name begin insert into child(plain_id, note) values (new.id, 'renamed; twice'); delete from "two words" where a = old.name; end;
create trigger on_seen instead of delete on seen begin delete from plain where id = old.number; end;
