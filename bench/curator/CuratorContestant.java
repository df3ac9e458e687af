import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.HashMap;
import java.util.Map;
import java.util.StringJoiner;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.retry.ExponentialBackoffRetry;

/**
 * Apache Curator's InterProcessMutex as a contestant: does what a line of its input asks for, in order, and answers with
 * one line. It times itself, so that the way from and to the benchmark is in no figure.
 *
 * <pre>
 *   pairs KEY COUNT    acquire and release, one after the other     the nanoseconds of each, commas between
 *   acquire KEY                                                     when it had the lock in hand
 *   release KEY                                                     when it began to give it back
 * </pre>
 *
 * Moments are System.nanoTime(): on Linux the monotonic clock that all processes of a machine share.
 */
public final class CuratorContestant {
  private final Map<String, InterProcessMutex> mutexes = new HashMap<>();
  private final CuratorFramework client;

  private CuratorContestant(CuratorFramework client) {
    this.client = client;
  }

  public static void main(String[] args) throws Exception {
    ExponentialBackoffRetry retry = new ExponentialBackoffRetry(100, 3);
    try (CuratorFramework client = CuratorFrameworkFactory.newClient(args[0], retry)) {
      client.start();
      client.blockUntilConnected();
      System.out.println("ready");
      CuratorContestant contestant = new CuratorContestant(client);
      BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
      for (String line = input.readLine(); line != null; line = input.readLine()) {
        System.out.println(contestant.answer(line.split(" ")));
      }
    }
  }

  private String answer(String[] words) throws Exception {
    InterProcessMutex mutex = mutexes.computeIfAbsent(words[1], key -> new InterProcessMutex(client, key));
    switch (words[0]) {
      case "pairs":
        return pairs(mutex, Integer.parseInt(words[2]));
      case "acquire":
        mutex.acquire();
        return Long.toString(System.nanoTime());
      case "release":
        long began = System.nanoTime();
        mutex.release();
        return Long.toString(began);
      default:
        throw new IllegalArgumentException(words[0]);
    }
  }

  private static String pairs(InterProcessMutex mutex, int count) throws Exception {
    StringJoiner took = new StringJoiner(",");
    for (int index = 0; index < count; index++) {
      long began = System.nanoTime();
      mutex.acquire();
      mutex.release();
      took.add(Long.toString(System.nanoTime() - began));
    }
    return took.toString();
  }
}
