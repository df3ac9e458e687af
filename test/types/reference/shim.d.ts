// Gives the promised surface the package's names, to prove that the cases hold on it too.
declare module 'nestjs-distributed-lock' {
  export * from 'api';
}
declare module 'nestjs-distributed-lock/redis' {
  export * from 'api/redis';
}
declare module 'nestjs-distributed-lock/url' {
  export * from 'api/url';
}
declare module 'nestjs-distributed-lock/testing' {
  export * from 'api/testing';
}
declare module 'nestjs-distributed-lock/postgres' {
  export * from 'api/postgres';
}
declare module 'nestjs-distributed-lock/mysql' {
  export * from 'api/mysql';
}
declare module 'nestjs-distributed-lock/zookeeper' {
  export * from 'api/zookeeper';
}
