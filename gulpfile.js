const { spawn } = require('node:child_process');
const { rm } = require('node:fs/promises');
const gulp = require('gulp');

// Absolute, so that `tsc` is the project's own on every platform.
const tsc = require.resolve('typescript/bin/tsc');

// On Windows a scanner may hold a file for a moment.
const clean = () => rm('dist', { recursive: true, force: true, maxRetries: 5 });

const compile = () =>
	spawn(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { stdio: 'inherit' });

const assets = () =>
	gulp
		.src(['nodes/**/*.{svg,node.json}', 'credentials/**/*.svg'], { base: '.', encoding: false })
		.pipe(gulp.dest('dist'));

const build = gulp.series(clean, gulp.parallel(compile, assets));

module.exports = { default: build, build };
