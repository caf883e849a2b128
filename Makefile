# SPDX-License-Identifier: GPL-2.0-only
#
# The commands of this repository; each is a script in scripts/.
# Kbuild describes how addrconf.ko is built.

.PHONY: help demo test test-all check fuzz fuzz-host miri stress bench kernel module addrctl install clean

help:
	@echo 'make demo      four unmodified web servers on one port, in a virtual machine'
	@echo '               (LONG=1: with every command and what it prints)'
	@echo 'make test      all tests, on this machine and in the virtual machine'
	@echo '               (KERNEL=debug or kcsan: on a kernel that looks for errors)'
	@echo '               (KERNEL_SERIES=7.2: with that release of Linux, as every target)'
	@echo 'make test-all  every test, the long ones too: several hours'
	@echo '               (STEPS="debug stress" runs some of them; see scripts/test-all)'
	@echo 'make fuzz      tenants make random system calls, and an oracle watches'
	@echo '               (SECONDS=N; KERNEL=NAME, debug unless given)'
	@echo 'make fuzz-host fuzz parsers and decisions on this machine, guided by coverage'
	@echo '               (SECONDS=N for each target)'
	@echo 'make miri      test them in an interpreter that finds undefined behaviour'
	@echo 'make stress    loading and unloading, forks, deaths, very many associations'
	@echo 'make check     formatting and lints of all code'
	@echo 'make bench     what calls, requests and associations cost, in instructions'
	@echo '               (PARTS="calls memory" measures some; see scripts/bench)'
	@echo 'make kernel    build the patched kernel; print its path'
	@echo 'make module    build addrconf.ko for it; print its path'
	@echo 'make addrctl   build the command line tool; print its path'
	@echo 'make install   install tool, module, units and manual pages'
	@echo '               (DESTDIR, PREFIX, KDIR; see scripts/install)'
	@echo 'make clean     remove what was built in this clone; the cached kernel stays'
	@echo
	@echo 'scripts/vm run -- CMD [ARG]...   run any command in the virtual machine'
	@echo 'Built kernels and tools are cached in $${ADDRCONF_CACHE:-~/.cache/addrconf}.'

demo:
	@if [ -t 1 ]; then set -- --colour; fi; \
	scripts/vm run --timeout 600 --add tests/demo:/demo -- /demo/run $(if $(LONG),--long) "$$@"

# KERNEL=NAME chooses the kernel of the guest.
kernel := $(if $(KERNEL),--kernel $(KERNEL))
# KERNEL_SERIES and KERNEL_SRC choose its source: make exports them to scripts/kernel-source.
# In a shell, SECONDS is the time since it started.
unexport SECONDS

test:
	@scripts/test $(kernel)

# STEPS names some of its steps.
test-all:
	@scripts/test-all $(STEPS)

check:
	@scripts/check

fuzz:
	@scripts/fuzz $(kernel) $(if $(SECONDS),--seconds $(SECONDS))

fuzz-host:
	@scripts/fuzz-host $(if $(SECONDS),--seconds $(SECONDS))

miri:
	@scripts/miri

stress:
	@scripts/stress $(kernel)

# PARTS names some of what it measures.
bench:
	@scripts/bench $(PARTS)

kernel:
	@scripts/kernel build

module:
	@scripts/module

addrctl:
	@scripts/userspace addrctl

# DESTDIR, PREFIX and KDIR say where; make exports them to scripts/install.
install:
	@scripts/install

clean:
	rm -rf target
	@scripts/module --clean
