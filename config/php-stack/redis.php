<?php
// The little of redis's protocol (RESP) that the page and the workers need; no extension.
declare(strict_types=1);

final class RedisSocket
{
    /** @var resource|null */
    private $socket = null;

    public function __construct(private int $port)
    {
    }

    /** Tries for $seconds to reach redis: it may be restarting. */
    public function connect(float $seconds, ?callable $stopped = null): void
    {
        $until = microtime(true) + $seconds;
        while (true) {
            $socket = @stream_socket_client("tcp://127.0.0.1:{$this->port}", $code, $text, 1.0);
            if ($socket !== false) {
                stream_set_timeout($socket, 5);
                $this->socket = $socket;
                // A redis that still loads its file answers with an error.
                try {
                    $this->ask('PING');
                    return;
                } catch (RuntimeException $e) {
                    $text = $e->getMessage();
                }
            }
            if (microtime(true) > $until || ($stopped !== null && $stopped())) {
                throw new RuntimeException("redis cannot be reached: $text");
            }
            usleep(20000);
        }
    }

    /** Sends a command, gives its answer. */
    public function ask(string ...$words): mixed
    {
        $request = '*' . count($words) . "\r\n";
        foreach ($words as $word) {
            $request .= '$' . strlen($word) . "\r\n$word\r\n";
        }
        if (@fwrite($this->socket, $request) !== strlen($request)) {
            throw new RuntimeException('redis has gone');
        }
        return $this->answer();
    }

    private function answer(): mixed
    {
        $line = @fgets($this->socket);
        if ($line === false || $line === '') {
            throw new RuntimeException('redis has gone');
        }
        $rest = substr($line, 1, -2);
        switch ($line[0]) {
            case '+':
                return $rest;
            case ':':
                return (int) $rest;
            case '-':
                throw new RuntimeException("redis says $rest");
            case '$':
                return (int) $rest < 0 ? null : substr((string) stream_get_contents($this->socket, (int) $rest + 2), 0, -2);
            case '*':
                if ((int) $rest < 0) {
                    return null;
                }
                $list = [];
                for ($i = 0; $i < (int) $rest; $i++) {
                    $list[] = $this->answer();
                }
                return $list;
            default:
                throw new RuntimeException('redis speaks another language');
        }
    }
}
