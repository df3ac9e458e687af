--- Sends a message to a session. Channels are the sessions' own, so that nobody hears what is not for it.
-- @arg  session  bigint  Whose; negative for one that hears nothing.
-- @arg  kind     text    'called' or 'gone'.
-- @arg  owner    uuid    Whom it is about.
-- @return  void
CREATE OR REPLACE FUNCTION distributed_lock_notify(session bigint, kind text, owner uuid) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF session >= 0 THEN
    PERFORM pg_notify('nestjs-distributed-lock:' || session, kind || ' ' || replace(owner::text, '-', ''));
  END IF;
END $$;
