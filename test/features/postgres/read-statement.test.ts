/** Statements that are sent again after a lost connection, and those that never are. */
import { expect, it } from "vitest";
import { isReadOnly } from "../../../framework/features/postgres/read-statement.ts";

const reads = [
  `select 1`,
  `  SELECT "id", "email" from "users" where ("users"."id" = $1 and "users"."age" > $2) limit $3;`,
  `select count(*)::int from posts where author in (1, 2)`,
  `select coalesce(max("n"), 0), lower(name) from a join b on (a.id = b.id) order by 1`,
  `select json_build_array("id", 'it''s; update(') from "users" -- ; delete from users`,
  `select "from" from "update" where "delete" = 'x' /* insert into */`,
  `select exists (select 1 from a), row_number() over (partition by b) from c`,
  `select cast(a as varchar(10)), 1::numeric(3,2) from b`,
];

const others = [
  `insert into a values (1)`,
  `with x as (insert into a values (1) returning *) select * from x`,
  `select 1; insert into a values (1)`,
  `select nextval('a_seq')`,
  `select place_order($1)`,
  `select "placeOrder" ($1)`,
  `select app.place_order(1)`,
  `select app.lower(a) from b`,
  `select pg_advisory_lock(1)`,
  `select * into copy from a`,
  `select * from a for update`,
  `select * from a for no key update`,
  `select * from a for share`,
  `select E'\\'; select place_order(1) --'`,
  `select $$a$$, $tag$ b $tag$`,
  `update a set b = 1`,
  `call p()`,
  `/* select */ delete from a`,
  ``,
];

it.each(reads)("%s only reads", (text) => {
  expect(isReadOnly(text)).toBe(true);
});

it.each(others)("%s may change something", (text) => {
  expect(isReadOnly(text)).toBe(false);
});
