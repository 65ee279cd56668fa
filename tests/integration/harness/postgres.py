"""Databases on the PostgreSQL server that tests/run started."""

import os
import uuid

import psycopg2


class Postgres:
    """One database, asked through psycopg2 and never through the program under test."""

    def __init__(self, name):
        self.host = os.environ["SLUICE_TEST_PG_HOST"]
        self.port = int(os.environ["SLUICE_TEST_PG_PORT"])
        self.user = os.environ["SLUICE_TEST_PG_USER"]
        self.name = name

    @classmethod
    def create(cls):
        database = cls(f"t_{uuid.uuid4().hex[:12]}")
        cls("postgres").execute(f"CREATE DATABASE {database.name}")
        return database

    def drop(self):
        Postgres("postgres").execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")

    @property
    def url(self) -> str:
        return self.url_of(self.user)

    def url_of(self, user) -> str:
        return f"postgres://{user}@{self.host}:{self.port}/{self.name}"

    def connect(self):
        connection = psycopg2.connect(host=self.host, port=self.port, user=self.user, dbname=self.name)
        connection.autocommit = True
        return connection

    def execute(self, sql, values=None):
        connection = self.connect()
        try:
            connection.cursor().execute(sql, values)
        finally:
            connection.close()

    def rows(self, sql, values=None) -> list:
        connection = self.connect()
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, values)
                return cursor.fetchall()
        finally:
            connection.close()

    def value(self, sql, values=None):
        """The first column of the only row."""
        ((value, *_),) = self.rows(sql, values)
        return value
