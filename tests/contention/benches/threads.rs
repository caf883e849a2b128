// SPDX-License-Identifier: GPL-2.0

//! The hot operations on 1 to 16 threads. A time is that of one operation of every thread.
//!
//! Where each thread has a processor, an operation that writes no shared line takes as long
//! on many as on one. Where threads are more than processors, they take turns, and a time
//! grows with their number whatever they do.

use std::hint::{black_box, spin_loop};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Barrier;
use std::thread::{self, available_parallelism};
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};

use addrconf_contention::machine::{Machine, Size};
use addrconf_contention::meter::Quiet;
use addrconf_contention::operation::{Actor, Operation};
use addrconf_contention::word::Aligned;
use addrconf_test_sys::schedule::stay_on;

/// How many processors there are.
fn processors() -> usize {
    available_parallelism().map_or(1, usize::from)
}

const THREADS: [usize; 5] = [1, 2, 4, 8, 16];

/// Lets each of the workers run `iterations` times at the same time, each on the next
/// processor. Returns how long that takes, from the first that begins to the last that ends.
fn together<W: FnMut() + Send>(workers: Vec<W>, iterations: u64) -> Duration {
    let start = Barrier::new(workers.len());
    thread::scope(|scope| {
        let begun: Vec<_> = workers
            .into_iter()
            .enumerate()
            .map(|(number, mut work)| {
                let start = &start;
                scope.spawn(move || {
                    stay_on(number % processors());
                    start.wait();
                    let begin = Instant::now();
                    (0..iterations).for_each(|_| work());
                    (begin, Instant::now())
                })
            })
            .collect();
        let times: Vec<_> = begun
            .into_iter()
            .map(|thread| thread.join().expect("its times"))
            .collect();
        let begin = times
            .iter()
            .map(|&(begin, _)| begin)
            .min()
            .expect("a thread");
        let end = times.iter().map(|&(_, end)| end).max().expect("a thread");
        end - begin
    })
}

/// Measures an operation of tasks of one tenant, and of tasks of as many tenants as threads.
fn operation(
    c: &mut Criterion,
    name: &str,
    addrs: u32,
    run: impl Fn(&mut Actor<'_, Quiet>) + Copy + Send,
) {
    let mut group = c.benchmark_group(name);
    for cpus in THREADS {
        group.throughput(Throughput::Elements(cpus as u64));
        for (label, tenants) in [("one tenant", 1), ("a tenant each", cpus)] {
            let id = BenchmarkId::new(label, cpus);
            group.bench_function(id, |bencher| {
                let size = Size {
                    tenants,
                    addrs,
                    cpus,
                };
                bencher.iter_custom(|iterations| {
                    let (machine, all) = Machine::<Quiet>::new(size);
                    let workers = all
                        .into_iter()
                        .map(|cpu| {
                            let tenant = cpu.number % tenants;
                            let mut actor = Actor::new(&machine, cpu, tenant);
                            move || run(&mut actor)
                        })
                        .collect();
                    together(workers, iterations)
                });
            });
        }
    }
    group.finish();
}

fn operations(c: &mut Criterion) {
    operation(c, "send", 1, |actor| actor.run(Operation::Send));
    operation(c, "send, 1,024 addresses", 1024, |actor| {
        actor.run(Operation::Send);
    });
    operation(c, "packet in", 1, |actor| actor.run(Operation::PacketIn));
    operation(c, "look-up", 1, |actor| actor.run(Operation::LookUp));
    operation(c, "socket and close", 1, |actor| actor.socket_and_close());
    operation(c, "fork and exit", 1, |actor| actor.fork_and_exit());
}

/// What a thread does over and over.
type Run = fn(&mut Actor<'_, Quiet>);

/// One thread sends, while another does something else for the same tenant.
fn beside(c: &mut Criterion) {
    let mut group = c.benchmark_group("send beside another thread");
    let others: [(&str, Run); 4] = [
        ("that sends", |actor| actor.run(Operation::Send)),
        ("that looks itself up", |actor| actor.run(Operation::LookUp)),
        ("that forks", |actor| actor.fork_and_exit()),
        ("that updates the set", |actor| actor.run(Operation::Update)),
    ];
    for (name, other) in others {
        group.bench_function(name, |bencher| {
            let size = Size {
                tenants: 1,
                addrs: 1,
                cpus: 2,
            };
            bencher.iter_custom(|iterations| {
                let (machine, all) = Machine::<Quiet>::new(size);
                let mut actors = all.into_iter().map(|cpu| Actor::new(&machine, cpu, 0));
                let (mut sender, mut beside) =
                    (actors.next().expect("one"), actors.next().expect("two"));
                let done = AtomicBool::new(false);
                thread::scope(|scope| {
                    scope.spawn(|| {
                        stay_on(1 % processors());
                        while !done.load(Ordering::Relaxed) {
                            other(&mut beside);
                        }
                    });
                    let time = together(vec![|| sender.run(Operation::Send)], iterations);
                    done.store(true, Ordering::Relaxed);
                    time
                })
            });
        });
    }
    group.finish();
}

/// What a cache line costs here: one thread reads a word while another changes a word.
fn lines(c: &mut Criterion) {
    let mut group = c.benchmark_group("read a word, while another thread changes");
    for (name, index) in [
        ("nothing", None),
        ("a word of its line", Some(1)),
        ("a word of another line", Some(8)),
    ] {
        group.bench_function(name, |bencher| {
            let words: Aligned<[AtomicUsize; 16]> = Aligned::default();
            bencher.iter_custom(|iterations| {
                let done = AtomicBool::new(false);
                thread::scope(|scope| {
                    scope.spawn(|| {
                        stay_on(1 % processors());
                        while !done.load(Ordering::Relaxed) {
                            if let Some(index) = index {
                                words.0[index].fetch_add(1, Ordering::Relaxed);
                            }
                        }
                    });
                    let read = || {
                        black_box(words.0[0].load(Ordering::Relaxed));
                    };
                    let time = together(vec![read], iterations);
                    done.store(true, Ordering::Relaxed);
                    time
                })
            });
        });
    }
    group.finish();
    let mut group = c.benchmark_group("change a word of all threads");
    for threads in THREADS {
        group.throughput(Throughput::Elements(threads as u64));
        group.bench_function(BenchmarkId::from_parameter(threads), |bencher| {
            let word = Aligned(AtomicUsize::new(0));
            bencher.iter_custom(|iterations| {
                let change = || {
                    word.0.fetch_add(1, Ordering::Relaxed);
                };
                together(vec![change; threads], iterations)
            });
        });
    }
    group.finish();
}

/// Two threads write a word in turns: how long its line takes from one to the other.
fn handing_over(c: &mut Criterion) {
    c.bench_function("hand a line over", |bencher| {
        let word = Aligned(AtomicUsize::new(0));
        bencher.iter_custom(|iterations| {
            word.0.store(0, Ordering::Relaxed);
            let turns = [0, 1].map(|turn| {
                let word = &word.0;
                move || {
                    while word.load(Ordering::Acquire) % 2 != turn {
                        spin_loop();
                    }
                    word.fetch_add(1, Ordering::Release);
                }
            });
            // Each writes as often, so there are twice as many turns.
            together(turns.into(), iterations.div_ceil(2))
        });
    });
}

fn settings() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1))
}

fn main() {
    let mut criterion = settings().configure_from_args();
    lines(&mut criterion);
    handing_over(&mut criterion);
    operations(&mut criterion);
    beside(&mut criterion);
    criterion.final_summary();
}
