create table blobs (key text primary key, bytes bigint not null);
