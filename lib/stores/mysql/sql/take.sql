--- Holds one key, or takes a place in its line; the answer says what: 0 held (token, rest of the lease), 1 busy (microseconds
-- until a look pays, or -1), 2 conflict (the capacity in use), 3 refused.
-- @arg  last_token   INOUT BIGINT      The row.
-- @arg  capacity     INOUT INT         The row.
-- @arg  holders      INOUT LONGBLOB    The row.
-- @arg  line         INOUT LONGBLOB    The row.
-- @arg  refused      INOUT LONGBLOB    The row.
-- @arg  now_us       IN BIGINT         The moment of the command.
-- @arg  of_owner     IN VARBINARY(32)  Whose request.
-- @arg  of_capacity  IN INT            How much the key holds.
-- @arg  of_weight    IN INT            What is taken of it.
-- @arg  lease_us     IN BIGINT         The lease from now.
-- @arg  takes_place  IN BOOLEAN        Whether it joins the line.
-- @arg  replaces     IN VARBINARY(32)  The owner that yields to this one, or empty.
-- @arg  least_token  IN BIGINT         The least that the token may be; 0 where any is good.
-- @arg  what         OUT INT           The answer.
-- @arg  token        OUT BIGINT        The answer.
-- @arg  number       OUT BIGINT        The answer.
-- @needs  drop-ended settle remove would-hold first-change
CREATE PROCEDURE distributed_lock_take(INOUT last_token BIGINT, INOUT capacity INT, INOUT holders LONGBLOB, INOUT line LONGBLOB, INOUT refused LONGBLOB, IN now_us BIGINT, IN of_owner VARBINARY(32), IN of_capacity INT, IN of_weight INT, IN lease_us BIGINT, IN takes_place BOOLEAN, IN replaces VARBINARY(32), IN least_token BIGINT, OUT what INT, OUT token BIGINT, OUT number BIGINT)
SQL SECURITY INVOKER NO SQL
take: BEGIN
  DECLARE held BIGINT;
  DECLARE at INT;
  DECLARE may_hold BOOLEAN;
  DECLARE us VARBINARY(16) DEFAULT LPAD(now_us, 16, '0');
  DECLARE record VARBINARY(33) DEFAULT CONCAT('o', of_owner);
  CALL distributed_lock_drop_ended(holders, refused, held, now_us);
  IF LOCATE(record, refused) > 0 THEN
    SET what = 3, number = 0;
    LEAVE take;
  END IF;
  IF capacity <> of_capacity AND (holders <> '' OR line <> '') THEN
    CALL distributed_lock_settle(line, capacity - held, now_us);
    IF holders <> '' OR line <> '' THEN
      SET what = 2, number = capacity;
      LEAVE take;
    END IF;
  END IF;
  IF replaces <> '' THEN CALL distributed_lock_remove(holders, line, held, replaces, 0); END IF;
  -- The asker is alive, whatever was thought of it; noted before it could be passed over by its own look.
  SET at = LOCATE(record, line);
  IF at > 0 THEN
    SET line = INSERT(line, at + 33, 1, IF(SUBSTRING(line, at + 33, 1) = 'k', 'k', 'w'));
    SET line = INSERT(line, at + 44, 32, CONCAT(us, us));
  END IF;
  CALL distributed_lock_settle(line, capacity - held, now_us);
  SET at = LOCATE(record, holders);
  IF at > 0 THEN
    SET token = CAST(SUBSTRING(holders, at + 44, 16) AS SIGNED);
    IF token < least_token THEN
      -- A token that is too small gives way to a greater one, whose block nobody else was granted: TOKEN_BLOCK.
      SET token = IF(token = last_token, least_token, GREATEST(least_token, last_token + 64));
      SET last_token = token, holders = INSERT(holders, at + 44, 16, LPAD(token, 16, '0'));
    END IF;
    SET what = 0, number = CAST(SUBSTRING(holders, at + 60, 16) AS SIGNED) - now_us;
    LEAVE take;
  END IF;
  SET at = LOCATE(record, line);
  IF at > 0 THEN
    SET may_hold = SUBSTRING(line, at + 33, 1) = 'k';
  ELSE
    CALL distributed_lock_would_hold(line, of_capacity - held, of_weight, may_hold);
  END IF;
  IF may_hold THEN
    IF at > 0 THEN SET line = INSERT(line, at, 76, ''); END IF;
    -- TOKEN_BLOCK.
    SET last_token = GREATEST(last_token + 64, now_us, least_token), capacity = of_capacity;
    SET holders = CONCAT(holders, record, 'h', LPAD(of_weight, 10, '0'), LPAD(last_token, 16, '0'), LPAD(now_us + lease_us, 16, '0'));
    SET what = 0, token = last_token, number = lease_us;
    LEAVE take;
  END IF;
  IF at = 0 AND takes_place THEN
    SET capacity = of_capacity, line = CONCAT(line, record, 'w', LPAD(of_weight, 10, '0'), us, REPEAT('0', 16));
  END IF;
  SET what = 1;
  CALL distributed_lock_first_change(holders, line, now_us, number);
END;
