/*
 * sallyport.h: guest ABI v1 for core WebAssembly modules, import module "sallyport_v1".    SPDX-License-Identifier: Apache-2.0
 *
 * Every call returns >= 0 (a count, a handle, a value) or a negative SP_ error. A refusal is never a trap. The host keeps
 * no pointer after a call and allocates nothing in the guest. Strings are pointer and length, UTF-8, no NUL. Nothing
 * blocks: a publish is queued (QoS 0) or stored (QoS 1, durable when the call returns >= 0).
 * A module exports its memory and sp_handle; sp_init runs once before the first event and may refuse by a negative value.
 */
#ifndef SALLYPORT_H
#define SALLYPORT_H
#include <stdint.h>

#define SP_IMPORT(n) __attribute__((import_module("sallyport_v1"), import_name(#n)))
#define SP_EXPORT(n) __attribute__((export_name(#n)))

enum {
  SP_OK = 0, SP_EDENIED = -1, SP_EREVOKED = -2, SP_ENOENT = -3, SP_EINVAL = -4, SP_EAGAIN = -5, SP_ERATE = -6,
  SP_EQUOTA = -7, SP_EBADF = -8, SP_ETIMEDOUT = -9, SP_EIO = -10, SP_ENOSUP = -11, SP_ETOOBIG = -12, SP_EFAULT = -13
};
enum { SP_EV_BOOT = 1, SP_EV_TICK = 2, SP_EV_MESSAGE = 3, SP_EV_EDGE = 4, SP_EV_SAMPLE = 5, SP_EV_REVOKED = 6, SP_EV_STOP = 7 };
enum { SP_IN = 0, SP_OUT = 1 };
enum { SP_RISING = 1, SP_FALLING = 2, SP_BOTH = 3 };
enum { SP_QOS0 = 0, SP_QOS1 = 1, SP_RETAIN = 4 };
enum { SP_QUALITY_STALE = 1, SP_QUALITY_SIMULATED = 2 };
enum { SP_CELSIUS = 1, SP_PERCENT = 2, SP_RATIO = 3, SP_SECONDS = 4, SP_BYTES = 5, SP_HERTZ = 6, SP_LUX = 7 };

typedef struct { double value; int64_t time_ns; uint32_t quality; uint32_t unit; } sp_reading; /* 24 bytes, align 8 */

SP_IMPORT(abi_version)    int32_t sp_abi_version(void);
SP_IMPORT(log)            int32_t sp_log(int32_t level, const char *line, uint32_t length);
SP_IMPORT(clock_now)      int64_t sp_clock_now(int32_t clock);                                  /* 0 wall, 1 monotonic; ns */
SP_IMPORT(random_get)     int32_t sp_random_get(void *bytes, uint32_t length);
SP_IMPORT(identity_get)   int32_t sp_identity_get(int32_t what, char *text, uint32_t capacity); /* 0 device, 1 module, 2 version */
SP_IMPORT(cap_query)      int32_t sp_cap_query(const char *capability, uint32_t length);        /* e.g. "gpio:fan" */
SP_IMPORT(gpio_open)      int32_t sp_gpio_open(const char *line, uint32_t length, int32_t direction);
SP_IMPORT(gpio_get)       int32_t sp_gpio_get(int32_t handle);
SP_IMPORT(gpio_set)       int32_t sp_gpio_set(int32_t handle, int32_t level);
SP_IMPORT(gpio_watch)     int32_t sp_gpio_watch(int32_t handle, int32_t edges, uint32_t debounce_us);
SP_IMPORT(sensor_open)    int32_t sp_sensor_open(const char *name, uint32_t length);
SP_IMPORT(sensor_read)    int32_t sp_sensor_read(int32_t handle, sp_reading *reading);
SP_IMPORT(sensor_watch)   int32_t sp_sensor_watch(int32_t handle, uint32_t period_ms);
SP_IMPORT(mqtt_publish)   int32_t sp_mqtt_publish(const char *channel, uint32_t channel_length, const void *payload, uint32_t length, int32_t flags);
SP_IMPORT(mqtt_subscribe) int32_t sp_mqtt_subscribe(const char *channel, uint32_t length, int32_t qos);
SP_IMPORT(kv_get)         int32_t sp_kv_get(const char *key, uint32_t key_length, void *value, uint32_t capacity); /* full length */
SP_IMPORT(kv_set)         int32_t sp_kv_set(const char *key, uint32_t key_length, const void *value, uint32_t length);
SP_IMPORT(kv_delete)      int32_t sp_kv_delete(const char *key, uint32_t key_length);
SP_IMPORT(event_read)     int32_t sp_event_read(int32_t part, void *bytes, uint32_t capacity);  /* 0 name, 1 payload; full length */
SP_IMPORT(handle_close)   int32_t sp_handle_close(int32_t handle);

int32_t sp_init(void);                                                     /* optional */
int32_t sp_handle(int32_t kind, int32_t handle, int64_t t_ns, int32_t arg); /* required */
#endif
