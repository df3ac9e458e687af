--- The server's clock, never a statement's frozen one, in microseconds since 1970. UTC: a local time comes twice in autumn.
-- @arg  now_us  OUT BIGINT  The moment.
CREATE PROCEDURE distributed_lock_now(OUT now_us BIGINT)
SQL SECURITY INVOKER NO SQL
BEGIN
  DECLARE zone VARCHAR(64) DEFAULT @@session.time_zone;
  SET time_zone = '+00:00';
  SET now_us = TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', SYSDATE(6));
  SET time_zone = zone;
END;
