<?php
// A queue worker. A job moves from `jobs` to a list of this instance, and leaves it when it is done: a worker that is
// killed loses none, its successor begins with what the list still holds. SIGTERM lets the job in hand end.
declare(strict_types=1);
require __DIR__ . '/redis.php';

$stop = false;
pcntl_async_signals(true);
pcntl_signal(SIGTERM, function () use (&$stop): void {
    $stop = true;
});

$own = 'jobs:' . (getenv('PHPEEK_PM_INSTANCE_ID') ?: getmypid());
$redis = new RedisSocket((int) getenv('STACK_REDIS_PORT'));
$stopped = function () use (&$stop): bool {
    return $stop;
};

while (!$stop) {
    try {
        $redis->connect(10.0, $stopped);
        // What the run before had in hand.
        while (!$stop && ($job = $redis->ask('LINDEX', $own, '-1')) !== null) {
            finish($redis, $own, $job);
        }
        while (!$stop) {
            // A second at most, so that SIGTERM is not kept waiting.
            $job = $redis->ask('BLMOVE', 'jobs', $own, 'RIGHT', 'LEFT', '1');
            if ($job !== null) {
                finish($redis, $own, $job);
            }
        }
    } catch (RuntimeException $e) {
        if (!$stop) {
            fwrite(STDERR, $e->getMessage() . ", connecting again\n");
        }
    }
}
echo "ends as asked\n";

function finish(RedisSocket $redis, string $own, string $job): void
{
    usleep(1000); // the work
    $redis->ask('SADD', 'done', $job);
    $redis->ask('LREM', $own, '1', $job);
}
