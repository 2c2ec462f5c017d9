# Made by `phpeek-pm scaffold`. The image `phpeek-pm` holds the program alone: config/docs/places.md, "In a container", has how it is built.
FROM phpeek-pm AS phpeek-pm

FROM composer:2 AS vendor
WORKDIR /app
COPY . .
RUN composer install --no-dev --no-interaction --no-scripts --optimize-autoloader --ignore-platform-reqs

FROM php:8.3-fpm-bookworm
RUN apt-get update && apt-get install -y --no-install-recommends nginx-light && rm -rf /var/lib/apt/lists/* && \
    ln -sf /dev/stdout /var/log/nginx/access.log && ln -sf /dev/stderr /var/log/nginx/error.log
RUN docker-php-ext-install pdo_mysql opcache pcntl
COPY --from=phpeek-pm /usr/local/bin/phpeek-pm /usr/local/bin/phpeek-pm
WORKDIR /var/www/html
COPY --from=vendor /app ./
COPY phpeek-pm.yaml /etc/phpeek-pm/phpeek-pm.yaml
@NGINX@HEALTHCHECK --interval=10s --timeout=6s CMD ["/usr/local/bin/phpeek-pm", "status"]
ENTRYPOINT ["/usr/local/bin/phpeek-pm"]
CMD ["serve"]
