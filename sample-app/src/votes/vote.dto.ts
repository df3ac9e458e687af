import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';

// Number() alone would take true, [7], '0x7' and ' 7' for numbers.
function toWholeNumber(value: unknown): unknown {
  return typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
}

/** A number that counts from 1: as such, or as digits: `'07'` and `7` are the same voter. */
function Seq(): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }) => toWholeNumber(value)),
    IsInt(),
    Min(1),
    Max(Number.MAX_SAFE_INTEGER),
  );
}

/** The body of `POST /votes`. */
export class VoteDto {
  @Seq()
  readonly userSeq!: number;

  @Seq()
  readonly voteSeq!: number;
}

/** The path of `GET /votes/:voteSeq`. */
export class PollDto {
  @Seq()
  readonly voteSeq!: number;
}
