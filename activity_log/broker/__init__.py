"""Events by message broker: taken in (`consuming`) and sent out (`publisher`), through FastStream.

RabbitMQ (`amqp://`, `amqps://`), Kafka (`kafka://`) and NATS JetStream (`nats://`), chosen by BUSFLOW_BROKER_URL.
A message is acknowledged only once its events are committed; whatever comes twice is recognised by its id.
"""
