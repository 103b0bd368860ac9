// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

// What ThreadSanitizer must be told of the Swift runtime, which is not compiled for it, nor tells it everything itself. Loaded
// before the runtime; in a process without ThreadSanitizer it changes nothing. It knows the layout of Swift 6's tasks.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdint.h>

extern void __tsan_acquire(void *address) __attribute__((weak));
extern void __tsan_release(void *address) __attribute__((weak));

// 1. Whoever resumes a continuation hands over what it wrote; the runtime tells that when the task is run again, but not when
//    the task was still about to await: then it goes on at once. So it goes on by way of a function that tells it.

extern __attribute__((swiftcall)) void *swift_task_getCurrent(void) __attribute__((weak));

typedef __attribute__((swiftasynccall)) void Resumption(__attribute__((swift_async_context)) char *context);
typedef __attribute__((swiftasynccall)) void Await(char *context);

// AsyncTask::ResumeTask; ContinuationAsyncContext's ResumeParent and Flags, and which of them means another executor.
enum { resumeTask = 0x38, resumeParent = 0x08, flags = 0x10, hasExecutorOverride = 2 };

static __attribute__((swiftasynccall)) void goOn(__attribute__((swift_async_context)) char *context) {
    char *task = swift_task_getCurrent();
    __tsan_acquire(task);
    Resumption *resumption = *(Resumption **)(task + resumeTask);
    *(Resumption **)(context + resumeParent) = resumption;
    __attribute__((musttail)) return resumption(context);
}

__attribute__((swiftasynccall)) void swift_continuation_await(char *context) {
    static _Atomic(Await *) known;
    Await *await = atomic_load(&known);
    if (!await) atomic_store(&known, await = (Await *)dlsym(RTLD_NEXT, "swift_continuation_await"));
    if (__tsan_acquire && !(*(uint64_t *)(context + flags) & hasExecutorOverride)) {
        *(Resumption **)(context + resumeParent) = goOn;
    }
    __attribute__((musttail)) return await(context);
}

// 2. A contended Synchronization.Mutex is locked and unlocked by the kernel (FUTEX_LOCK_PI), at the request of code in the
//    standard library. What was released by an unlocking is acquired by the next locking.

typedef __attribute__((swiftcall)) void Lock(uint32_t thread, __attribute__((swift_context)) void *handle);
typedef __attribute__((swiftcall)) void Unlock(__attribute__((swift_context)) void *handle);

Lock lockSlow __asm__("$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");
Unlock unlockSlow __asm__("$s15Synchronization12_MutexHandleV11_unlockSlowyyF");

__attribute__((swiftcall)) void lockSlow(uint32_t thread, __attribute__((swift_context)) void *handle) {
    ((Lock *)dlsym(RTLD_NEXT, "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"))(thread, handle);
    if (__tsan_acquire) __tsan_acquire(handle);
}

__attribute__((swiftcall)) void unlockSlow(__attribute__((swift_context)) void *handle) {
    if (__tsan_release) __tsan_release(handle);
    ((Unlock *)dlsym(RTLD_NEXT, "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"))(handle);
}
