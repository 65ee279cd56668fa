create schema crm;
create table customers (
	id bigserial primary key,
	mail varchar(200) not null unique,
	vip bool default false,
	check (mail ~ '@')
);
create table crm.orders (
	id bigint generated always as identity primary key,
	customer bigint not null references customers on delete cascade,
	total numeric(12, 2) check (total >= 0),
	at timestamptz default now()
);
create index on crm.orders (customer, at desc);
create unique index concurrently orders_at on crm.orders (at) where total > 0;
create view crm.contact as select id, mail from customers;
alter table customers add column phone text, alter column vip set not null, alter mail type text;
alter table crm.orders add constraint total_small check (total < 1000000) not valid;
alter table crm.orders validate constraint total_small;
alter table crm.orders rename column total to amount;
alter table customers rename to clients;
alter table clients drop column mail;
drop table clients;
create table clients (id bigint);
drop table clients cascade;
create table crm.orders (id int);
select * from nowhere;
insert into crm.orders (customer, price) values (1, 2);
alter table crm.orders drop column nothing;
alter table if exists nowhere drop column a;
create type mood as enum ('sad', 'ok');
alter type mood add value 'happy' after 'ok';
drop index crm.orders_at;
drop index nothing;
comment on column crm.orders.amount is 'in euro';
create table a (id int primary key);
create table b (id int references a);
drop table a, b;
