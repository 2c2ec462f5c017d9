<?php
// The page: counts visits in redis; ?push=N puts N jobs into the queue, ?queue tells how it stands.
declare(strict_types=1);
require __DIR__ . '/redis.php';

header('Content-Type: text/plain');
// A restart of redis is shorter than this: the request waits instead of failing.
const PATIENCE = 8.0;
$until = microtime(true) + PATIENCE;
while (true) {
    try {
        $redis = new RedisSocket((int) getenv('STACK_REDIS_PORT'));
        $redis->connect(PATIENCE);
        if (isset($_GET['push'])) {
            $first = $redis->ask('INCRBY', 'numbers', $_GET['push']) - (int) $_GET['push'];
            for ($i = 1; $i <= (int) $_GET['push']; $i++) {
                $redis->ask('LPUSH', 'jobs', (string) ($first + $i));
            }
            echo "pushed {$_GET['push']}\n";
        } elseif (isset($_GET['queue'])) {
            echo 'waiting ' . $redis->ask('LLEN', 'jobs') . ' done ' . $redis->ask('SCARD', 'done') . "\n";
        } else {
            echo 'visit ' . $redis->ask('INCR', 'visits') . "\n";
        }
        exit;
    } catch (RuntimeException $e) {
        // Only a read may be asked again: a second push would count twice.
        if (microtime(true) > $until || isset($_GET['push'])) {
            http_response_code(503);
            echo $e->getMessage() . "\n";
            exit;
        }
        usleep(20000);
    }
}
