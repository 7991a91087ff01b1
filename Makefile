# SPDX-License-Identifier: MIT
# A short way into the build; CMake does the work (see CMakePresets.json). Each goal first installs what is missing.
PREFIX ?= /usr/local

PAGES ?= build/pages

.PHONY: help demo pages check test test-long test-mutants fuzz bench bench-peers bench-instructions format format-check tidy coverage install uninstall package clean

help:
	@echo 'make demo                 start one server on all transports and time the operations of the paper on each'
	@echo 'make check                build one preset and run the quick tests, in less than a minute'
	@echo 'make test                 build and run the tests: plain, address and thread sanitizers'
	@echo 'make test-long            search further: HPRPC_LONG=10 takes ten times as long (docs/testing.md)'
	@echo 'make test-mutants         plant a bug after the other, and see that the tests find each (ARGS=1-20: some of them)'
	@echo 'make fuzz                 run the fuzz targets for ten minutes each (ARGS=60: seconds)'
	@echo 'make bench                measure against the floors of this machine, and draw it (ARGS=--rounds=1: quickly; ARGS=--help)'
	@echo 'make bench-peers          build other frameworks too, and measure beside them (ARGS=--rounds=1: quickly)'
	@echo 'make bench-instructions   count the instructions of a call, and say what grew'
	@echo 'make format               format the sources'
	@echo 'make format-check         say which sources are not formatted'
	@echo 'make tidy                 look for mistakes with clang-tidy (ARGS=rpc/pump: there alone)'
	@echo 'make coverage             count the lines and branches that tests run; HTML is in build/coverage/html'
	@echo 'make pages                write pages about the interface files of the examples into PAGES ($(PAGES))'
	@echo 'make install              build and install below PREFIX ($(PREFIX))'
	@echo 'make uninstall            take away what make install put below PREFIX'
	@echo "make package              make Debian's packages and an archive, in build/package"
	@echo 'make clean                remove what was built'

demo:
	@tools/need build
	@tools/build release
	@build/release/bench/demo

check:
	@tools/need test
	@tools/test --quick dev

test:
	@tools/need test
	@tools/test

test-long:
	@tools/need test
	@tools/test --long

test-mutants:
	@tools/need test
	@tools/mutants $(ARGS)

fuzz:
	@tools/need test
	@tools/fuzz $(ARGS)

bench:
	@tools/need build pictures
	@tools/build release
	@bench/run build/release/bench/hprpc-bench compare --scaling --goals -- $(ARGS)

bench-peers:
	@tools/need build peers pictures
	@tools/build peers
	@bench/run build/peers/bench/hprpc-bench --peers --paper --goals -- $(ARGS)

bench-instructions:
	@tools/need build instructions
	@tools/build release
	@bench/instructions build/release/bench/hprpc-instructions

format:
	@tools/need format
	@tools/format

format-check:
	@tools/need format
	@tools/format --check

tidy:
	@tools/need test tidy
	@tools/tidy $(ARGS)

coverage:
	@tools/need test coverage
	@tools/coverage

pages:
	@tools/need build
	@tools/build release kodosis
	@build/release/kodosis/compiler/kodosis doc -o '$(PAGES)' examples/*.kod
	@echo 'Open $(PAGES)/index.html'

install:
	@tools/need build
	@tools/install '$(PREFIX)'

uninstall:
	@tools/need build
	@tools/install --undo '$(PREFIX)'

package:
	@tools/need build
	@tools/package

clean:
	@rm -rf build
