create schema app;
create type app.state as enum ('new', 'done');
create domain app.code as varchar(10) not null default 'x';
create table customers (
	id bigserial primary key,
	mail varchar(200) not null unique,
	state app.state default 'new',
	code app.code,
	vip bool default false,
	tags text[] default '{}',
	price numeric(12, 2) default 0,
	made timestamptz not null default now()
);
create table app.orders (
	id int generated always as identity primary key,
	customer bigint not null references customers on update cascade on delete set null deferrable,
	line smallint,
	amount int4 constraint amount_positive check (amount > 0),
	twice int generated always as (amount * 2) stored,
	note varchar default 'none',
	unique (customer, line)
);
create index on app.orders (customer, line desc);
create unique index orders_note on app.orders (note varchar_pattern_ops) include (amount) where amount is not null;
alter table app.orders add column day date not null default '2026-01-01', add column flag boolean;
alter table app.orders alter column line type int, alter column note drop default, alter column flag set default true;
alter table app.orders rename column amount to total;
alter table app.orders rename constraint amount_positive to total_positive;
alter table app.orders rename to purchases;
alter table app.purchases add constraint purchases_day unique (day, id), drop column flag;
alter table app.purchases add foreign key (line) references app.purchases (id) not valid;
alter table app.purchases validate constraint purchases_line_fkey;
alter index app.orders_note rename to purchases_note;
create table app.log (at date not null, line int) partition by range (at);
create table app.log_2026 partition of app.log for values from ('2026-01-01') to ('2027-01-01');
create index log_line on app.log (line);
alter table app.log add column who text;
create sequence app.numbers as smallint start 10 increment by 5 maxvalue 1000 cycle;
create materialized view app.nothing as select 1 as one;
comment on table customers is 'who buys';
comment on column customers.mail is 'unique';
alter type app.state add value 'lost' before 'done';
alter table customers set schema app;
create table gone (id serial);
drop table gone;
create schema old;
create type old.kind as enum ('a');
create table old.items (id int primary key, k old.kind);
create table app.keeps (id int primary key, k old.kind, ks old.kind[], note text);
create type app.short as enum ('x');
create table app.also (id int, s app.short unique);
create index also_both on app.also (id, s);
drop type app.short cascade;
drop schema old cascade;
