"""A small Django project that shares the machine, and perhaps the sign-in, with Gatehouse."""
import pymysql

# It calls itself MySQLdb 1.4.0, which is what Django 3.2 asks for.
pymysql.install_as_MySQLdb()
